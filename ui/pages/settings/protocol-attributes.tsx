import { request } from '../../api/client.ts';
import { Attributes } from './attributes.tsx';
import { useProtocolNames } from './names.ts';

/** Setting → Protocol Attribution (Figure 17). */
export default function ProtocolAttributes() {
  return (
    <Attributes
      title="Protocol Attribution"
      kind="protocol-attributes"
      ownerLabel="Protocol"
      owners={useProtocolNames()}
      load={() => request('GET /api/protocol-attributes')}
      create={(body) => request('POST /api/protocol-attributes', { body })}
      update={(id, value) => request('PUT /api/protocol-attributes/:id', { params: { id }, body: { value } })}
    />
  );
}
