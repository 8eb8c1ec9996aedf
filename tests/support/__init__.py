"""What tests share: servers, a raw client, clocks, guards."""
