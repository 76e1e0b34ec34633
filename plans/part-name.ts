/** How people read what is compared, and the key of what they have accepted: `errors`, `errors{tier=enterprise}`. */
export function partName({ metric, slice }: { metric: string; slice?: string | null | undefined }): string {
  return slice == null ? metric : `${metric}{${slice}}`;
}
