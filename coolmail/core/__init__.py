"""The pure core: values and decisions. No I/O, no clock of its own, no asyncio, and nothing imported from the rest of coolmail."""
