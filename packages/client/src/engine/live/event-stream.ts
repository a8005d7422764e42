/** Server-sent events (HTML, "Server-sent events"): the part of the format that a stream of events needs. */

export interface ServerEvent {
  /** `message` unless the server names it. */
  readonly name: string;
  readonly data: string;
}

/** Characters of one event; a longer one is dropped. */
const largest = 64 * 1024;

/** Takes the text of a stream in pieces of any size. Comments, ids and retry times say nothing here. */
export function eventReader(onEvent: (event: ServerEvent) => void): (text: string) => void {
  let rest = "";
  let name = "";
  let data: string[] = [];
  let isTooLong = false;

  const take = (line: string) => {
    if (line === "") {
      if (data.length > 0 && !isTooLong) onEvent({ name: name === "" ? "message" : name, data: data.join("\n") });
      [name, data, isTooLong] = ["", [], false];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") data.push(value);
    if (data.reduce((sum, one) => sum + one.length, 0) > largest) isTooLong = true;
  };

  return (text) => {
    rest += text;
    // A line break may be cut in two by the pieces.
    const end = rest.endsWith("\r") ? rest.length - 1 : rest.length;
    const lines = rest.slice(0, end).split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? "") + rest.slice(end);
    for (const line of lines) take(line);
    if (rest.length > largest) [rest, isTooLong] = ["", true];
  };
}
