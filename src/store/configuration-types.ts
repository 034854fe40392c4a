import type { Attribute, Channel, TaskGroup, TaskItem } from '../base/model.ts';

/** Deleting or filling `empty_task` ends in DcuError `protected`; a bad cron in `invalid-cron`. */
export interface Configuration {
  taskGroups(): Promise<readonly TaskGroup[]>;
  saveTaskGroup(group: Omit<TaskGroup, 'id'> & { readonly id?: number }): Promise<TaskGroup>;
  removeTaskGroup(id: number): Promise<void>;
  taskItems(task?: string): Promise<readonly TaskItem[]>;
  saveTaskItem(item: Omit<TaskItem, 'id'> & { readonly id?: number }): Promise<TaskItem>;
  removeTaskItem(id: number): Promise<void>;
  channels(): Promise<readonly Channel[]>;
  saveChannel(channel: Omit<Channel, 'id'> & { readonly id?: number }): Promise<Channel>;
  /** Secrets are not shown. */
  channelAttributes(channel?: string): Promise<readonly Attribute[]>;
  /** A secret whose value is as `channelAttributes` shows it stays what it is. */
  saveChannelAttribute(attribute: Omit<Attribute, 'id'> & { readonly id?: number }): Promise<Attribute>;
  /** What a secret attribute of a channel is; undefined while it is empty or not there. */
  channelSecret(channel: string, key: string): Promise<string | undefined>;
  /** New values by key, all of them or none; attributes that are not there are added. */
  changeChannelAttributes(channel: string, values: Readonly<Record<string, string>>): Promise<void>;
  protocols(): Promise<
    readonly {
      readonly id: number;
      readonly name: string;
      readonly direction: string;
      readonly description: string;
    }[]
  >;
  protocolAttributes(protocol?: string): Promise<readonly Attribute[]>;
  saveProtocolAttribute(attribute: Omit<Attribute, 'id'> & { readonly id?: number }): Promise<Attribute>;
  settings(): Promise<
    readonly {
      readonly id: number;
      readonly key: string;
      readonly value: string;
      readonly description: string;
    }[]
  >;
  setting(key: string): Promise<string | undefined>;
  saveSetting(key: string, value: string): Promise<void>;
  /** New values by key, all of them or none. */
  changeSettings(values: Readonly<Record<string, string>>): Promise<void>;
}
