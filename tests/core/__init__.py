"""The core: lifecycle, prompt, settings, gate, driver, dispatcher."""
