import type { Path } from '../document.ts';
import type { Plan } from '../plan.ts';
import type { RuleId } from '../rules.ts';

export interface Note {
  severity: 'error' | 'warning';
  rule: RuleId;
  path: Path;
  message: string;
  instead: string;
  /** The name of the entry is meant, not its value. */
  key: boolean;
  /** Character of the text value that is meant, from 0; null: the whole value. */
  inside: number | null;
}

/** What is said at one place. */
export interface Remark {
  rule: RuleId;
  message: string;
  instead: string;
  key?: boolean;
  inside?: number;
}

/** A plan under review. Where the text is wrong the plan holds something harmless, of which nothing may be said. */
export interface Review {
  plan: Plan;
  /** Whether the value at a path is what the person wrote, or a default. */
  sound: (path: Path) => boolean;
  error: (path: Path, remark: Remark) => void;
}

/** Says that something valid is a risk. */
export type Warn = (path: Path, remark: Remark) => void;
