/** An id of its own: the flag is free for its next rollout meanwhile. */
export function stepsId(rolloutId: string): string {
  return `steps:${rolloutId}`;
}
