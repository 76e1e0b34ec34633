/** A public stage below 100 % as it was reckoned from the traffic. Times in seconds. */
export interface DraftStage {
  percent: number;
  bake: number;
  /** Null: the gate's own minimum holds. */
  minRequests: number | null;
  minUsers: number | null;
  notes: string[];
}

export interface Schedule {
  stages: DraftStage[];
  /** Stages of the profile that the traffic or the users make pointless. */
  left: { percent: number; why: string }[];
  /** What no stage sees within the time that it may take; null: all is seen. */
  unseen: string | null;
}
