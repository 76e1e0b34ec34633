import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react';

const MOVED = 'tidegate:moved';

function subscribe(told: () => void): () => void {
  addEventListener('popstate', told);
  addEventListener(MOVED, told);
  return () => {
    removeEventListener('popstate', told);
    removeEventListener(MOVED, told);
  };
}

/** The path of the present page. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export function go(path: string): void {
  history.pushState(null, '', path);
  scrollTo(0, 0);
  dispatchEvent(new Event(MOVED));
}

export function rolloutPath(id: string): string {
  return `/rollouts/${encodeURIComponent(id)}`;
}

/** A link that stays in the page; with a modifier it is an ordinary one. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
