import type { Attribute } from '../../../src/api/contract.ts';
import { useRight } from '../../api/queries.ts';
import type { Field } from '../../parts/field.ts';
import { SettingsTable } from '../../parts/settings-table.tsx';
import { Mono, SECRET_HELP, Value } from './value.tsx';

type Form = { owner: string; key: string; value: string; description: string };

/** Keys and values of channels or protocols (Figures 15 and 17): a new one is whole, of an old one the value changes. */
export function Attributes({
  title,
  kind,
  ownerLabel,
  owners,
  load,
  create,
  update,
}: {
  readonly title: string;
  readonly kind: string;
  readonly ownerLabel: string;
  readonly owners: readonly string[];
  readonly load: () => Promise<{ readonly rows: readonly Attribute[] }>;
  readonly create: (form: Form) => Promise<unknown>;
  readonly update: (id: number, value: string) => Promise<unknown>;
}) {
  return (
    <SettingsTable<Attribute, Form>
      title={title}
      kind={kind}
      load={load}
      columns={[
        { accessor: 'owner', title: ownerLabel },
        { accessor: 'key', title: 'Key', render: (row) => <Mono text={row.key} /> },
        {
          accessor: 'value',
          title: 'Value',
          render: (row) => <Value row={row} />,
        },
        { accessor: 'description', title: 'Description', cellsStyle: () => ({ minWidth: 220 }) },
      ]}
      searchIn={(row) => `${row.key} ${row.description}`}
      searchLabel="Search key"
      filter={{ label: ownerLabel, of: (row) => row.owner }}
      nameOf={(row) => `${row.owner} ${row.key}`}
      writable={useRight('settings.write')}
      fieldsOf={(row) => (row === undefined ? newFields(ownerLabel, owners) : [valueField(row)])}
      formOf={(row) => ({
        owner: row?.owner ?? '',
        key: row?.key ?? '',
        value: row?.value ?? '',
        description: row?.description ?? '',
      })}
      create={create}
      update={async (row, { value }) => {
        if (!row.secret || value !== '') await update(row.id, value);
      }}
    />
  );
}

function newFields(ownerLabel: string, owners: readonly string[]): readonly Field<Form>[] {
  return [
    { key: 'owner', label: ownerLabel, kind: 'select', required: true, options: owners },
    {
      key: 'key',
      label: 'Key',
      kind: 'text',
      required: true,
      help: 'Small letters, digits, dots, e.g. connect.timeout',
    },
    { key: 'value', label: 'Value', kind: 'text' },
    { key: 'description', label: 'Description', kind: 'text' },
  ];
}

function valueField(row: Attribute): Field<Form> {
  return {
    key: 'value',
    label: 'Value',
    kind: row.secret ? 'secret' : 'text',
    help: row.secret ? SECRET_HELP : row.description,
  };
}
