/** `__Host-`: the browser itself insists on Secure, no Domain and Path=/. */
export const SESSION_COOKIE = '__Host-opendcu';

/** The session token of a request; undefined without one. */
export function sessionToken(request: Request): string | undefined {
  for (const part of request.headers.get('cookie')?.split(';') ?? []) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === SESSION_COOKIE) {
      const value = part.slice(at + 1).trim();
      return value === '' ? undefined : value;
    }
  }
  return undefined;
}

/** `Set-Cookie` that keeps the token until the browser is closed, or (undefined) forgets it. */
export function sessionCookie(token: string | undefined): string {
  return `${SESSION_COOKIE}=${token ?? ''}; Path=/; HttpOnly; Secure; SameSite=Strict${token === undefined ? '; Max-Age=0' : ''}`;
}
