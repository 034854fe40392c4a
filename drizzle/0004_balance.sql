CREATE TABLE `balance_due` (
	`day` integer PRIMARY KEY NOT NULL,
	`mark` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `balance_intervals` (
	`meter_id` integer NOT NULL,
	`to_ms` integer NOT NULL,
	`from_ms` integer NOT NULL,
	`scaler` integer NOT NULL,
	`imported` integer NOT NULL,
	`exported` integer NOT NULL,
	`consumed` integer NOT NULL,
	`fed` integer NOT NULL,
	`expected` integer NOT NULL,
	`counted` integer NOT NULL,
	`missing` text NOT NULL,
	`phases` text,
	PRIMARY KEY(`meter_id`, `to_ms`)
);
--> statement-breakpoint
CREATE INDEX `balance_intervals_time` ON `balance_intervals` (`to_ms`);--> statement-breakpoint
CREATE TABLE `balance_places` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`meter_id` integer NOT NULL,
	`balance_id` integer NOT NULL,
	`from_ms` integer NOT NULL,
	`to_ms` integer
);
--> statement-breakpoint
CREATE INDEX `balance_places_meter` ON `balance_places` (`meter_id`);--> statement-breakpoint
CREATE INDEX `balance_places_balance` ON `balance_places` (`balance_id`);--> statement-breakpoint
ALTER TABLE `meters` ADD `balance` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `meters` ADD `balance_meter` text;