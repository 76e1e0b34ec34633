/** `open`: heard from lately. `lost`: it is being tried again. */
export type Line = 'opening' | 'open' | 'lost';

export interface Listening {
  path: string;
  /** Messages by their name, as JSON. */
  on: Readonly<Record<string, (data: unknown) => void>>;
  line(line: Line): void;
  /** Before the first message of each connection. */
  opened?(): void;
  /** The server has refused or ended it; the answer says whether to try again. */
  broken(): Promise<boolean>;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/** Listens while the page is visible: browsers allow few connections to one server, and phones sleep. */
export function listen({ path, on, line, opened, broken }: Listening): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;
  let over = false;

  function open(): void {
    if (over || source !== null || document.hidden) return;
    source = new EventSource(`/api/v1${path}`);
    source.addEventListener('open', () => {
      wait = FIRST_WAIT_MS;
      opened?.();
      line('open');
    });
    for (const [name, take] of Object.entries(on)) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        line('open');
        take(JSON.parse(data));
      });
    }
    source.addEventListener('error', () => {
      close();
      line('lost');
      void broken().then((again) => {
        if (!again || over) return;
        clearTimeout(timer);
        timer = setTimeout(open, wait);
        wait = Math.min(LONGEST_WAIT_MS, wait * 2);
      });
    });
  }

  function close(): void {
    source?.close();
    source = null;
  }

  function turned(): void {
    clearTimeout(timer);
    if (document.hidden) close();
    else open();
  }

  document.addEventListener('visibilitychange', turned);
  open();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', turned);
    close();
  };
}
