/** A bar of 0 to 1 with its words. */
export function Sure({ share, label }: { share: number; label: string }) {
  const tone = share >= 1 ? 'bad' : share >= 0.5 ? 'warn' : 'good';
  return (
    <span className="sure">
      <span className={`bar ${tone}`} aria-hidden="true">
        <i style={{ inlineSize: `${Math.round(share * 100)}%` }} />
      </span>
      <small>{label}</small>
    </span>
  );
}
