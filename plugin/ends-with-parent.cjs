/** Loaded before a program that another process has handed over to: when that one ends, however it does, so does this. */
process.on("disconnect", () => process.exit());
