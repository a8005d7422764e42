/**
 * Leaves out of a page the members of our classes that nothing in it asks for. A bundler drops functions that nobody
 * calls, but keeps every member of a class that is used, and with them all that they call; the faces of the SDK have many
 * more than one page uses. Whether a member is asked for is told by its name alone: when that occurs in what was bundled
 * neither behind a dot, nor in a pattern, nor in any text, no code there can reach it.
 */
import { parseAst, type Plugin, type Rolldown } from "vite";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** The platform calls these by itself. */
const calledByPlatform = ["constructor", "toString", "toJSON", "valueOf", "then", "handleEvent", "name", "message"];

/** Of the classes in these modules, as they were bundled: names of methods and accessors that nothing asks for. */
export function unusedMembers(codes: readonly string[]): ReadonlySet<string> {
  const members = new Set<string>();
  const asked = new Set<string>(calledByPlatform);
  for (const code of codes) {
    visit(parseAst(code) as unknown as Node, (node, parent) => {
      const { key, property, value } = node as { key?: Node; property?: Node; value?: unknown };
      if (isMember(node)) members.add(nameOf(key));
      else if (node.type === "MemberExpression") asked.add(nameOf(property));
      else if (node.type === "Property" && parent?.type === "ObjectPattern") asked.add(nameOf(key));
      else if (node.type === "Literal") asked.add(String(value));
      else if (node.type === "TemplateElement") asked.add((value as { readonly cooked: string }).cooked);
    });
  }
  return new Set([...members].filter((name) => !asked.has(name)));
}

/** Takes the members of these names out of our own classes. */
export function leaveOut(names: ReadonlySet<string>): Plugin {
  return {
    name: "leave-out",
    transform: {
      // When types are gone.
      order: "post",
      filter: { id: /\/packages\/(client|protocol|web)\/(src|dist)\/|\/node_modules\/qr\// },
      handler(code) {
        if (names.size === 0 || !code.includes("class")) return undefined;
        const members: Node[] = [];
        visit(this.parse(code) as unknown as Node, (node) => {
          if (isMember(node) && names.has(nameOf(node.key as Node))) members.push(node);
        });
        // From the end, so that places stay what they are.
        const left = members
          .toReversed()
          .reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), code);
        return { code: left, map: null };
      },
    },
  };
}

/** What one member leaves without use may be others: looks again until there are none. */
export async function findUnusedMembers(
  bundle: (plugin: Plugin) => Promise<Rolldown.RolldownOutput>,
): Promise<ReadonlySet<string>> {
  let found: ReadonlySet<string> = new Set();
  for (;;) {
    const { output } = await bundle(leaveOut(found));
    const fresh = unusedMembers(output.flatMap((part) => (part.type === "chunk" ? [part.code] : [])));
    if ([...fresh].every((name) => found.has(name))) return found;
    found = new Set([...found, ...fresh]);
  }
}

function isMember(node: Node): boolean {
  return node.type === "MethodDefinition" && node.computed === false;
}

/** With `#` where it is private. */
function nameOf(node: Node | undefined): string {
  const { type, name, value } = (node ?? {}) as { type?: string; name?: string; value?: string | number };
  return `${type === "PrivateIdentifier" ? "#" : ""}${name ?? value ?? ""}`;
}

function visit(node: Node, look: (node: Node, parent?: Node) => void, parent?: Node): void {
  look(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, look, node);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
