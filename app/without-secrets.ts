/** A database's address as it may be shown: no password, and no parameters, which may hold one; null: it is none. */
export function withoutSecrets(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  parsed.password = '';
  parsed.search = '';
  return parsed.toString();
}
