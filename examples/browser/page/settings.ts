/** What the page is built for. Vite takes them from the environment: `VITE_FLAG=checkout-v2 npm run example:browser`. */
export interface Settings {
  /** Of Tidegate: the port of the API, or `flags.httpPort`. */
  url: string;
  environment: string;
  flag: string;
  /** Null where flags are open. Anybody who opens the page can read it: give the page one of its own. */
  token: string | null;
  /** Milliseconds between two questions where no event stream can be had. */
  pollMs: number;
}

export const settings: Settings = {
  url: given('VITE_TIDEGATE_URL') ?? 'http://127.0.0.1:7070',
  environment: given('VITE_ENVIRONMENT') ?? 'production',
  flag: given('VITE_FLAG') ?? 'pricing-v2',
  token: given('VITE_FLAG_TOKEN'),
  pollMs: Number(given('VITE_POLL_MS') ?? 30_000),
};

function given(name: string): string | null {
  const value: unknown = import.meta.env[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
