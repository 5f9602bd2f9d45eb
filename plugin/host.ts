import { componentProviderHost } from "@pulumi/pulumi/provider/experimental/index.js";
import * as components from "./index.ts";
import { PACKAGE } from "./names.ts";

/**
 * Serves the components until the engine, whose address is the process's first argument, ends it; what is printed
 * first is the port. The schema is inferred from the classes and the interfaces of their arguments.
 */
export function host(): Promise<void> {
  const { dirname } = import.meta;
  return componentProviderHost({ name: PACKAGE, dirname, components: Object.values(components) });
}

// by itself where an older Node has handed over to the one that the package brings along
if (import.meta.main) await host();
