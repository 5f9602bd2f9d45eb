import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { usageError } from "./errors.ts";

/** Where a catalog is read from: a folder, or a commit of its repository. Paths are relative, with `/`. */
export interface CatalogSource {
  /** The file's text, or undefined where there is none. */
  read(path: string): string | undefined;
  /** Names of the files directly in a folder, sorted; empty where there is no such folder. */
  list(folder: string): readonly string[];
  exists(path: string): boolean;
}

/** The catalog as it stands in a folder. */
export function diskSource(root: string): CatalogSource {
  return {
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined),
    list: (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : []),
    exists: (path) => existsSync(join(root, path)),
  };
}

/**
 * The catalog as it stood at a git revision of the repository in `root`; nothing is checked out.
 * @throws RollcallError (usage) when git does not know the revision.
 */
export function gitSource(root: string, revision: string): CatalogSource {
  const commit = resolveCommit(root, revision);
  // `./` makes git resolve the path from the working folder, so that a catalog may live below the top
  const show = (path: string): string | undefined => {
    try {
      return git(root, ["show", `${commit}:./${path}`]);
    } catch {
      return undefined;
    }
  };
  return {
    read: show,
    list: (folder) =>
      git(root, ["ls-tree", "--name-only", commit, `./${folder}/`])
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.slice(line.lastIndexOf("/") + 1))
        .sort(),
    exists: (path) => git(root, ["ls-tree", "--name-only", commit, `./${path}`]) !== "",
  };
}

function resolveCommit(root: string, revision: string): string {
  try {
    return git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`]).trim();
  } catch {
    throw usageError({
      place: `--base ${revision}`,
      rule: "git knows no such commit here",
      cure: "name a branch, tag or commit; in CI, check out with its history (fetch-depth: 0)",
    });
  }
}

function git(root: string, args: readonly string[]): string {
  return execFileSync("git", [...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 64 * 2 ** 20,
  });
}
