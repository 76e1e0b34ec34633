/** Text of the server for people: what stands between backticks, such as a command, is set as code. */
export function Prose({ of }: { of: string }) {
  const parts = of.split('`');
  // Without its partner a backtick is a character like others.
  if (parts.length % 2 === 0) return of;
  // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text have no other name
  return parts.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
}
