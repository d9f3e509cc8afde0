"""Measurements that print figures; what they promise is tested elsewhere."""
