/** Name of the package, in every language; `rollcall` itself is of the components that these wrap. */
export const PACKAGE = "rollcall-components";

/** The type of one of its components, by which every language asks for it. */
export function token(component: string): string {
  return `${PACKAGE}:index:${component}`;
}
