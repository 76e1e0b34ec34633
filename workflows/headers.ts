/** W3C trace context of what asked for this, under the name that Temporal's other SDKs give it. */
export const PARENT_HEADER = '_tracer-data';
/** The same of what once led here, where nobody waits any more: for a link, not for a parent. */
export const LINK_HEADER = 'tidegate-led-by';
