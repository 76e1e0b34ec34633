import type { ChecksConfig } from './config.ts';

const LONGEST = 200;
/** Names of what is secret, with what follows them. */
const NAMED =
  /\b(password|passwd|pwd|secret|token|api[-_]?key|authorization)(["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',;}]+/gi;
const SCHEME = /\b(bearer|basic)\s+[^\s"',;}]+/gi;
/** Long runs of letters and digits: keys, signatures, tokens. */
const RANDOM = /(?<![\w+=-])(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{24,}/g;

/** Makes a text fit for the journal: on one line, short, and without what is or looks like a secret. */
export function redactor(config: ChecksConfig): (text: string) => string {
  const secrets = [
    ...Object.values(config.hosts).flatMap((host) => Object.values(host.secrets)),
    ...Object.values(config.commands).flatMap((command) => Object.values(command.env)),
    ...(config.grafana?.token === undefined ? [] : [config.grafana.token]),
    ...Object.values(config.databases).flatMap(({ url }) => passwordOf(url)),
  ]
    .filter((secret) => secret.length >= 4)
    .toSorted((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of secrets) clean = clean.replaceAll(secret, '***');
    clean = clean
      .replace(NAMED, '$1$2***')
      .replace(SCHEME, '$1 ***')
      .replace(RANDOM, '***')
      .replace(/\s+/g, ' ')
      .trim();
    return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean;
  };
}

function passwordOf(url: string): string[] {
  try {
    const { password } = new URL(url);
    return password === '' ? [] : [password, decodeURIComponent(password)];
  } catch {
    return [];
  }
}
