const MOST_NAMED = 20;

/** Addresses as one text, not all of them when they are many. */
export function listed(addresses: readonly string[]): string {
  const rest = addresses.length - MOST_NAMED;
  const shown = addresses.slice(0, MOST_NAMED).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
