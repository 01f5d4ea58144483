"""What tests of metering share."""
