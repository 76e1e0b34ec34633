import type { FastifyInstance } from 'fastify';

interface Pattern {
  matches: RegExp;
  methods: Set<string>;
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) =>
      part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/');
  return new RegExp(`^${source}$`);
}

/**
 * Remembers every route that is registered from now on. The answer tells an address that exists with other
 * methods (405) from one that does not exist at all (404).
 */
export function rememberMethods(app: FastifyInstance): (path: string) => string[] {
  const patterns = new Map<string, Pattern>();
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = patterns.get(url) ?? { matches: patternOf(url), methods: new Set() };
    for (const each of [method].flat()) pattern.methods.add(each);
    patterns.set(url, pattern);
  });
  return (path) => [
    ...new Set([...patterns.values()].filter((p) => p.matches.test(path)).flatMap((p) => [...p.methods])),
  ];
}
