/** One sample line of a metrics page. */
export interface Counted {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of several metrics pages in the text format. */
export function counters(pages: readonly string[]): Counted[] {
  return pages.flatMap((page) => page.split('\n').flatMap(sample));
}

/** The sum of a metric over all samples with these labels. */
export function total(samples: readonly Counted[], name: string, labels: Record<string, string>): number {
  const wanted = Object.entries(labels);
  return samples
    .filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

function sample(line: string): Counted[] {
  const [, name, labels, value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
  if (name === undefined || labels === undefined || value === undefined) return [];
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}
