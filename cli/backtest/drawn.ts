/** Rollouts that one page shows: more of them nobody looks at, and a browser would take long. */
export const MOST_DRAWN = 20;
