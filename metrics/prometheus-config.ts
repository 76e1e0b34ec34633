/** How one Prometheus-compatible server is reached (Prometheus, Mimir, Thanos, VictoriaMetrics). */
export interface PrometheusSourceConfig {
  /** Base address; a path before `/api/v1` is kept, a user name in it becomes basic authentication. */
  url: string;
  bearer?: string | undefined;
  basic?: { username: string; password: string } | undefined;
  /** Sent with every query, for example `X-Scope-OrgID`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Each of `ca`, `cert` and `key` is PEM text or the path of a PEM file. */
  tls?:
    | {
        ca?: string | undefined;
        cert?: string | undefined;
        key?: string | undefined;
        serverName?: string | undefined;
      }
    | undefined;
  /** Seconds after a window's end from which its samples are complete. */
  settle: number;
  /** Seconds until a query is given up. */
  timeout: number;
}
