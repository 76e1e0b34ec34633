/** What came of one try. */
export interface Outcome {
  ok: boolean;
  came: string;
}

export function yes(came: string): Outcome {
  return { ok: true, came };
}

export function no(came: string): Outcome {
  return { ok: false, came };
}
