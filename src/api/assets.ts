/** A file of the GUI as the build left it: compressed, its hash in the name where it may be kept for ever. */
export interface UiAsset {
  /** Path below `/`, e.g. `index.html` or `chunk-8f2k1.js`. */
  readonly name: string;
  /** Where its gzip form lies: on disk, or inside the compiled executable. */
  readonly file: string;
  readonly etag: string;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  woff2: 'font/woff2',
  json: 'application/json',
};

/** Serves the GUI from memory. Unknown names are 404; paths without an extension are pages of the one HTML file. */
export class UiFiles {
  readonly #assets: ReadonlyMap<string, UiAsset>;
  readonly #bytes = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(assets: readonly UiAsset[]) {
    this.#assets = new Map(assets.map((asset) => [asset.name, asset]));
  }

  async respond(request: Request, path: string): Promise<Response> {
    const wanted = path.slice(1);
    const page = !wanted.slice(wanted.lastIndexOf('/') + 1).includes('.');
    const asset = this.#assets.get(page ? 'index.html' : wanted);
    if (asset === undefined) {
      return new Response('Not found\n', {
        status: 404,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      });
    }
    const headers = {
      'content-type': types[asset.name.slice(asset.name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
      'cache-control': asset.name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
      etag: asset.etag,
      vary: 'accept-encoding',
    };
    if (request.headers.get('if-none-match') === asset.etag)
      return new Response(null, { status: 304, headers });
    const bytes = await this.#read(asset);
    return /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
      ? new Response(bytes, { headers: { ...headers, 'content-encoding': 'gzip' } })
      : new Response(Bun.gunzipSync(bytes), { headers });
  }

  #read(asset: UiAsset): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = this.#bytes.get(asset.name);
    if (bytes === undefined) {
      bytes = Bun.file(asset.file).bytes();
      this.#bytes.set(asset.name, bytes);
    }
    return bytes;
  }
}
