/**
 * Schemas of requests are compiled when the first request comes to them: all of them together took most of the start. One
 * that cannot be compiled would be found by that request only, which is why a test compiles every one.
 */
import ajvCompiler from "@fastify/ajv-compiler";
import type { FastifyServerOptions } from "fastify";

type Validation = Required<Pick<FastifyServerOptions, "ajv" | "schemaController">>;
type BuildValidator = NonNullable<NonNullable<Validation["schemaController"]["compilersFactory"]>["buildValidator"]>;

/** The reasons of a refusal stand at the function itself, as Ajv has it. */
interface Validate {
  (data: unknown): unknown;
  errors?: unknown;
}

const buildCompiler = ajvCompiler() as (shared: object, options?: object) => (route: object) => Validate;

function buildValidator(shared: object, options?: object): (route: object) => Validate {
  const compile = buildCompiler(shared, options);
  return (route) => {
    let compiled: Validate | undefined;
    const validate: Validate = (data) => {
      compiled ??= compile(route);
      const result = compiled(data);
      validate.errors = compiled.errors;
      return result;
    };
    return validate;
  };
}

/** Nothing is coerced, left out or filled in. */
export const compileOnUse: Validation = {
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
  schemaController: { compilersFactory: { buildValidator: buildValidator as unknown as BuildValidator } },
};
