/** What was said of the next stage, by channel. */
export interface Announced {
  stage: string;
  /** When it was said to open, in ms since 1970; null: that it is not known any more. */
  told: Record<string, number | null>;
}
