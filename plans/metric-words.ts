import type { Metric } from './metric.ts';
import { latency, plain, rate } from './words.ts';

/** A metric's own value as people read it: `4.9 %`, `212 ms`. Without a kind, as of an expression, it is the number itself. */
export function valueText(kind: Metric['kind'] | undefined, value: number): string {
  switch (kind) {
    case 'ratio':
      return rate(value);
    case 'latency':
      return latency(value);
    case 'mean':
    case 'gauge':
    case undefined:
      return plain(value);
  }
}
