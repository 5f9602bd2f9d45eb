import { edited } from "./catalog-files.ts";

/** One thing that is wrong in a catalog, made by one edit, and the problem that it must be reported as. */
export interface Mistake {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The text of the damaged file at whose start the problem stands. */
  readonly at: string;
  readonly path: string;
  readonly rule: string;
  /** Words that the cure must hold. */
  readonly cure: string;
}

const SERVERS = "stacks/servers";

/** Ten mistakes, each of another kind. */
export const TEN_MISTAKES: readonly Mistake[] = [
  {
    what: "an unknown key",
    file: `${SERVERS}/memory.yaml`,
    from: "mcp: { transport: stdio }",
    to: "mcp: { transport: stdio }\nescalaton: standard",
    at: "escalaton",
    path: "escalaton",
    rule: 'unknown key "escalaton"',
    cure: "write escalation, or take it out",
  },
  {
    what: "a duration whose unit does not exist",
    file: `${SERVERS}/github.yaml`,
    from: "window: 30d",
    to: "window: 30 days",
    at: "window: 30 days",
    path: "objectives.availability.window",
    rule: '"30 days" must be a duration with its unit',
    cure: "write it such as 500ms, 60s, 5m, 1h or 30d",
  },
  {
    what: "a percentage over 100 %",
    file: `${SERVERS}/slack.yaml`,
    from: "objective: 99.5%",
    to: "objective: 100.1%",
    at: "objective: 100.1%",
    path: "objectives.availability.objective",
    rule: '"100.1%" must not be more than 100%',
    cure: "write it such as 99.95%",
  },
  {
    what: "a server name with a space",
    file: `${SERVERS}/puppeteer.yaml`,
    from: "server: puppeteer",
    to: "server: pup peteer",
    at: "server: pup",
    path: "server",
    rule: '"pup peteer" must match [a-zA-Z0-9_-]',
    cure: "write it such as task-mcp",
  },
  {
    what: "a literal secret",
    file: `${SERVERS}/brave-search.yaml`,
    from: "{ kubernetes: brave-search-mcp/api-key }",
    to: "opensesame",
    at: "BRAVE_API_KEY",
    path: "run.env.BRAVE_API_KEY",
    rule: "holds a literal secret",
    cure: "write a reference instead",
  },
  {
    what: "a contact that nobody is",
    file: `${SERVERS}/filesystem.yaml`,
    from: "owner: operations",
    to: "owner: operatoins",
    at: "owner: operatoins",
    path: "owner",
    rule: 'there is no contact "operatoins"',
    cure: "write one of operations-engineer, ",
  },
  {
    what: "an escalation that does not exist",
    file: `${SERVERS}/task-mcp.yaml`,
    from: "escalation: task-mcp",
    to: "escalation: everybody",
    at: "escalation: everybody",
    path: "escalation",
    rule: 'there is no escalation "everybody"',
    cure: "write one of standard, security, task-mcp, skillmeat",
  },
  {
    what: "an image without its digest",
    file: `${SERVERS}/everything.yaml`,
    from: "@sha256:472e3c603a08e1dbc0adc02bc235ada8fcc09effaf1d61d1d2380b6978ac3f08",
    to: ":latest",
    at: "image: ",
    path: "kubernetes.image",
    rule: '"registry.example.com/mcp/everything:latest" must be pinned by digest',
    cure: "write it such as registry.example.com/name@sha256:",
  },
  {
    what: "a log retention that CloudWatch refuses",
    file: "stacks/production.yaml",
    from: "logs: 30d",
    to: "logs: 31d",
    at: "logs: 31d",
    path: "retention.logs",
    rule: '"31d" must be a retention that CloudWatch Logs accepts: 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, 2557d, 2922d, 3288d, 3653d',
    cure: "write it such as 30d",
  },
  {
    what: "a server that has no file",
    file: "stacks/local.yaml",
    from: "filesystem, memory,",
    to: "filesystem, memroy,",
    at: "memroy",
    path: "servers[2]",
    rule: 'there is no server "memroy"',
    cure: "or add stacks/servers/memroy.yaml",
  },
];

export function damaged(
  files: ReadonlyMap<string, string>,
  mistakes: readonly Mistake[],
): Map<string, string> {
  return mistakes.reduce((before, mistake) => edited(before, mistake), new Map(files));
}

/** `file:line:column` of a text that stands exactly once in a file, counted from 1. @throws Error otherwise. */
export function placeOf(
  files: ReadonlyMap<string, string>,
  { file, at }: Pick<Mistake, "file" | "at">,
): string {
  const [before = "", ...after] = (files.get(file) ?? "").split(at);
  if (after.length !== 1)
    throw new Error(`${file} holds ${JSON.stringify(at)} ${after.length} times, not once`);
  const lines = before.split("\n");
  return `${file}:${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
}
