/** What Prometheus reads of a process. */
export interface TelemetryPage {
  readonly contentType: string;
  /** Never fails: what is away is told as such. */
  text(): Promise<string>;
}
