CREATE TABLE `outbox_debts` (
	`destination` text NOT NULL,
	`item_id` integer NOT NULL,
	`meter_id` integer NOT NULL,
	`priority` integer NOT NULL,
	`windowed` integer NOT NULL,
	`at` integer NOT NULL,
	`due_at` integer NOT NULL,
	`bytes` integer NOT NULL,
	PRIMARY KEY(`destination`, `priority`, `item_id`)
);
--> statement-breakpoint
CREATE INDEX `outbox_debts_item` ON `outbox_debts` (`item_id`);--> statement-breakpoint
CREATE INDEX `outbox_debts_meter` ON `outbox_debts` (`meter_id`);--> statement-breakpoint
CREATE TABLE `outbox_destinations` (
	`name` text PRIMARY KEY NOT NULL,
	`since` integer NOT NULL,
	`acknowledged` integer NOT NULL,
	`dropped` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outbox_items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`meter_id` integer NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`layout_id` integer,
	`body` blob NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_items_meter` ON `outbox_items` (`meter_id`);--> statement-breakpoint
CREATE TABLE `outbox_rules` (
	`destination` text NOT NULL,
	`class` text NOT NULL,
	`priority` integer NOT NULL,
	`route` text NOT NULL,
	`delay_s` integer NOT NULL,
	PRIMARY KEY(`destination`, `class`)
);
