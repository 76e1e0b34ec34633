import type { Path } from '../plans/document.ts';

/** Adds a finding about a part of the configuration: what is wrong, and what to write instead. */
export type Say = (path: Path, message: string, instead: string) => void;
