/**
 * The older manner of Mobile Token services: what the server refuses comes back as a value, and only what went wrong on
 * the way is thrown.
 */
import { MobileTokenError, type ResponseError } from "../MobileTokenError.ts";

export interface ServiceResult<T> {
  readonly status: "OK" | "ERROR";
  /** With `OK`, where the call gives something. */
  readonly responseObject?: T;
  /** With `ERROR`: the server's own code and message. */
  readonly responseError?: ResponseError;
}

/**
 * The members of a service with its asynchronous methods returning results; other members are untouched. `direct` names
 * asynchronous methods that never asked the server, such as computing an offline code.
 */
export type WithResults<Service, Direct extends PropertyKey = never> = {
  [Name in keyof Service]: Name extends Direct
    ? Service[Name]
    : Service[Name] extends (...args: infer Args) => Promise<infer Value>
      ? (...args: Args) => Promise<ServiceResult<Value>>
      : Service[Name];
};

/** One view of one service; the service itself is not changed. */
export function withResults<Service extends object, Direct extends keyof Service & string = never>(
  service: Service,
  direct: readonly Direct[] = [],
): WithResults<Service, Direct> {
  const untouched: readonly PropertyKey[] = direct;
  return new Proxy(service, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      // Bound to the service itself: a proxy has none of its private members.
      if (untouched.includes(name)) return member.bind(target) as unknown;
      return (...args: unknown[]): unknown => {
        const returned: unknown = Reflect.apply(member, target, args);
        return returned instanceof Promise ? resultOf(returned) : returned;
      };
    },
  }) as unknown as WithResults<Service, Direct>;
}

async function resultOf(returned: Promise<unknown>): Promise<ServiceResult<unknown>> {
  try {
    const responseObject = await returned;
    return { status: "OK", ...(responseObject !== undefined && { responseObject }) };
  } catch (error) {
    if (!(error instanceof MobileTokenError) || error.responseError === undefined) throw error;
    return { status: "ERROR", responseError: error.responseError };
  }
}
