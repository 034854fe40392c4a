import { request } from '../../api/client.ts';
import { Attributes } from './attributes.tsx';
import { useChannelNames } from './names.ts';

/** Setting → Channel Attribution (Figure 15). */
export default function ChannelAttributes() {
  return (
    <Attributes
      title="Channel Attribution"
      kind="channel-attributes"
      ownerLabel="Channel"
      owners={useChannelNames()}
      load={() => request('GET /api/channel-attributes')}
      create={(body) => request('POST /api/channel-attributes', { body })}
      update={(id, value) => request('PUT /api/channel-attributes/:id', { params: { id }, body: { value } })}
    />
  );
}
