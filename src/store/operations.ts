import * as access from './access-rows.ts';
import * as balanceDue from './balance-due.ts';
import * as places from './balance-places.ts';
import * as balance from './balance-rows.ts';
import * as blacklist from './blacklist-rows.ts';
import * as clocks from './clock-rows.ts';
import * as collection from './collection-rows.ts';
import * as configuration from './configuration-rows.ts';
import * as contacts from './contact-rows.ts';
import * as coverage from './coverage-rows.ts';
import * as events from './event-rows.ts';
import * as failures from './failure-rows.ts';
import * as found from './found-rows.ts';
import * as g3Nodes from './g3-node-rows.ts';
import * as imports from './import-rows.ts';
import * as marks from './log-mark-rows.ts';
import * as meters from './meter-rows.ts';
import * as networkKeys from './network-key-rows.ts';
import * as networks from './network-rows.ts';
import * as outbox from './outbox-rows.ts';
import * as profiles from './profile-rows.ts';
import * as replace from './replace-rows.ts';
import * as seed from './seed-rows.ts';
import * as summary from './summary-rows.ts';

/**
 * Everything that can be asked of the database, by name: what a name and its arguments are is all that crosses to another thread,
 * so arguments and results are plain data.
 */
export const READS = {
  allMeters: meters.allMeters,
  listMeters: meters.listMeters,
  getMeter: meters.getMeter,
  planImport: imports.planImport,
  sealedSecrets: meters.sealedSecrets,
  listTaskGroups: configuration.listTaskGroups,
  listTaskItems: configuration.listTaskItems,
  listChannels: configuration.listChannels,
  listChannelAttributes: configuration.listChannelAttributes,
  listProtocols: configuration.listProtocols,
  listProtocolAttributes: configuration.listProtocolAttributes,
  listSettings: configuration.listSettings,
  readSetting: configuration.readSetting,
  readCoverage: coverage.readCoverage,
  profileColumns: profiles.profileColumns,
  readProfile: profiles.readProfile,
  readEvents: events.readEvents,
  readRegisters: events.readRegisters,
  lastSuccess: collection.lastSuccess,
  readClock: clocks.readClock,
  readContacts: contacts.readContacts,
  readAttempts: contacts.readAttempts,
  logMarks: marks.logMarks,
  nextCounter: collection.nextCounter,
  readCounts: summary.readCounts,
  readTotals: summary.readTotals,
  accountByName: access.accountByName,
  accountById: access.accountById,
  listAccounts: access.listAccounts,
  readSession: access.readSession,
  readFailures: failures.readFailures,
  listFailures: failures.listFailures,
  listProtectedPorts: failures.listProtectedPorts,
  listLogbook: access.listLogbook,
  countLogbook: access.countLogbook,
  listAudit: access.listAudit,
  listBlacklist: blacklist.listBlacklist,
  readG3Path: g3Nodes.readG3Path,
  listNetworkKeys: networkKeys.listNetworkKeys,
  listKeyChanges: networkKeys.listKeyChanges,
  getKeyChange: networkKeys.getKeyChange,
  sealedChangeKey: networkKeys.sealedChangeKey,
  listNetworkNodes: networks.listNetworkNodes,
  listFound: found.listFound,
  getFound: found.getFound,
  takeOutbox: outbox.takeOutbox,
  outboxState: outbox.outboxState,
  outboxRules: outbox.outboxRules,
  listTransformers: balance.listTransformers,
  readBalance: balance.readBalance,
  listBalanceDue: balanceDue.listBalanceDue,
  listBalancePlaces: balance.listBalancePlaces,
  readEnergyRows: balance.readEnergyRows,
} as const;

/** Each runs inside a transaction and leaves nothing behind when it throws. */
export const WRITES = {
  insertMeter: meters.insertMeter,
  updateMeter: meters.updateMeter,
  removeMeter: meters.removeMeter,
  replaceMeter: replace.replaceMeter,
  importMeters: imports.importMeters,
  saveTaskGroup: configuration.saveTaskGroup,
  removeTaskGroup: configuration.removeTaskGroup,
  saveTaskItem: configuration.saveTaskItem,
  removeTaskItem: configuration.removeTaskItem,
  saveChannel: configuration.saveChannel,
  saveChannelAttribute: configuration.saveChannelAttribute,
  changeChannelAttributes: configuration.changeChannelAttributes,
  moveSettings: configuration.moveSettings,
  saveProtocolAttribute: configuration.saveProtocolAttribute,
  writeSetting: configuration.writeSetting,
  writeSettings: configuration.writeSettings,
  appendProfile: profiles.appendProfile,
  appendEvents: events.appendEvents,
  saveRegisters: events.saveRegisters,
  saveClockCheck: collection.saveClockCheck,
  saveClockCorrection: clocks.saveClockCorrection,
  saveLogMark: marks.saveLogMark,
  forgetCoverage: coverage.forgetCoverage,
  saveAttempt: collection.saveAttempt,
  saveMeterState: collection.saveMeterState,
  reserveCounters: collection.reserveCounters,
  raiseCounter: collection.raiseCounter,
  createAccount: access.createAccount,
  setPassword: access.setPassword,
  createSession: access.createSession,
  touchSession: access.touchSession,
  removeSession: access.removeSession,
  removeSessionsOf: access.removeSessionsOf,
  recordFailure: failures.recordFailure,
  clearFailures: failures.clearFailures,
  clearPort: failures.clearPort,
  saveProtectionMode: failures.saveProtectionMode,
  recordLogbook: access.recordLogbook,
  recordAudit: access.recordAudit,
  addToBlacklist: blacklist.addToBlacklist,
  removeFromBlacklist: blacklist.removeFromBlacklist,
  saveG3Finding: g3Nodes.saveG3Finding,
  saveNetworkKey: networkKeys.saveNetworkKey,
  replaceNetworkKeys: networkKeys.replaceNetworkKeys,
  planKeyChange: networkKeys.planKeyChange,
  saveKeyStep: networkKeys.saveKeyStep,
  moveKeyChange: networkKeys.moveKeyChange,
  settleKeyChange: networkKeys.settleKeyChange,
  saveNetworkNodes: networks.saveNetworkNodes,
  noteFound: found.noteFound,
  setFoundState: found.setFoundState,
  openDestination: outbox.openDestination,
  closeDestination: outbox.closeDestination,
  clearOutbox: outbox.clearOutbox,
  acknowledgeOutbox: outbox.acknowledgeOutbox,
  answerOutbox: outbox.answerOutbox,
  pruneOutbox: outbox.pruneOutbox,
  recordDropped: outbox.recordDropped,
  saveOutboxRule: outbox.saveOutboxRule,
  removeOutboxRule: outbox.removeOutboxRule,
  settleBalancePlaces: places.settleBalancePlaces,
  saveBalance: balance.saveBalance,
  endBalanceDue: balanceDue.endBalanceDue,
  dropOld: summary.dropOld,
  seedDefaults: seed.seedDefaults,
} as const;

type Operations = typeof READS & typeof WRITES;
export type ReadName = keyof typeof READS;
export type WriteName = keyof typeof WRITES;
export type OperationName = ReadName | WriteName;

type Tail<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : [];
export type Arguments<Name extends OperationName> = Tail<Parameters<Operations[Name]>>;
export type Result<Name extends OperationName> = ReturnType<Operations[Name]>;
