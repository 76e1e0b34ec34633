/** What a preflight on this server is asked. */
export interface PreflightWanted {
  text: string;
  file: string;
  days: number;
  /** The flag as it is served now; null: there is none yet; `unreachable`: nobody knows. */
  served: PreflightServed;
  /** Told as the reading goes on. */
  told: (done: number, whole: number) => void;
}

export type PreflightServed =
  | {
      exposure: { percent: number; segments: string[]; variant: string | null };
      latch: { by: string; reason: string } | null;
      /** Why a rollout could not take it as it is defined, and what to write instead. */
      unclaimable: { path: string; message: string; instead: string } | null;
    }
  | null
  | 'unreachable';
