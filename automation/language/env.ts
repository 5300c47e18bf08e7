/** What programs inherit from the language host, as from the official one: everything. */
export function readLanguageHostEnv(): NodeJS.ProcessEnv {
  return { ...process.env };
}
