"""What an organisation may use: calls an hour, tokens and dollars a day, reserved before a call and settled after it."""
