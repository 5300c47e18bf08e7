/** What programs inherit from the language host: everything, as from the official one. */
export function readLanguageHostEnv(): NodeJS.ProcessEnv {
  return { ...process.env };
}
