"""Light and weather: time of day, sun, shadows, fog, rain; and the colours things share."""

from __future__ import annotations

import random
from dataclasses import dataclass

Colour = tuple[int, int, int]

# One palette for walls, cars, boats, buses, signs and clothes: colour alone tells nothing.
PALETTE: tuple[Colour, ...] = (
    (176, 88, 70), (206, 160, 108), (224, 206, 170), (150, 151, 153), (118, 130, 146),
    (232, 229, 222), (198, 142, 130), (148, 172, 152), (112, 92, 82), (88, 96, 112),
    (186, 48, 44), (46, 86, 158), (238, 196, 70), (44, 112, 88), (44, 46, 54),
    (224, 124, 58), (128, 178, 206), (196, 190, 178), (138, 60, 72), (92, 140, 160),
)  # fmt: skip

_TIMES = {  # weight, tint of everything lit, sky above, sky at the horizon, lit windows, shadow
    "noon": (0.30, (1.0, 1.0, 1.0), (82, 146, 218), (192, 221, 240), 0.0, 105),
    "morning": (0.16, (1.0, 0.95, 0.87), (118, 168, 214), (250, 226, 198), 0.05, 95),
    "golden": (0.18, (1.06, 0.88, 0.68), (108, 140, 192), (255, 203, 142), 0.12, 105),
    "overcast": (0.16, (0.84, 0.87, 0.90), (148, 158, 168), (206, 211, 215), 0.08, 35),
    "dusk": (0.13, (0.60, 0.58, 0.74), (46, 56, 104), (236, 148, 116), 0.45, 45),
    "night": (0.07, (0.46, 0.49, 0.64), (15, 20, 44), (58, 68, 104), 0.55, 20),
}
_WEATHER = {  # weight, metres at which half the colour is lost, rain
    "clear": (0.50, (900, 2500), 0.0),
    "haze": (0.20, (150, 320), 0.0),
    "fog": (0.15, (45, 90), 0.0),
    "rain": (0.15, (110, 240), 1.0),
}


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of b in a."""
    red, green, blue = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """Lighter or darker, clipped to 0..255."""
    red, green, blue = (min(255, max(0, round(p * factor))) for p in colour)
    return red, green, blue


def paint(rng: random.Random, spread: float = 0.12) -> Colour:
    """A colour of the shared palette, slightly varied."""
    return scaled(rng.choice(PALETTE), rng.uniform(1 - spread, 1 + spread))


@dataclass(frozen=True)
class Light:
    """One light: factors a channel, colours, sun and shadow directions, visibility in metres."""

    time: str
    tint: tuple[float, float, float]
    zenith: Colour
    horizon: Colour
    fog: Colour
    visibility: float
    rain: float
    lit: float
    sun: tuple[float, float]
    shadow: tuple[float, float]
    shadow_alpha: int

    def on(self, colour: Colour) -> Colour:
        """The colour under this light."""
        r, g, b = self.tint
        return (
            min(255, int(colour[0] * r)),
            min(255, int(colour[1] * g)),
            min(255, int(colour[2] * b)),
        )

    def off(self, colour: Colour) -> Colour:
        """The colour that looks as given under this light."""
        red, green, blue = (min(255, int(c / t)) for c, t in zip(colour, self.tint, strict=True))
        return red, green, blue

    def facing(self, nx: float, nz: float) -> float:
        """Brightness factor of a wall whose outward normal is (nx, nz)."""
        reach = abs(self.shadow[0]) + abs(self.shadow[1])
        towards = -(nx * self.shadow[0] + nz * self.shadow[1]) / reach
        return 0.86 + 0.18 * towards


def light_draw(rng: random.Random) -> Light:
    """A light drawn at random."""
    time = rng.choices(list(_TIMES), [t[0] for t in _TIMES.values()])[0]
    weather = rng.choices(list(_WEATHER), [w[0] for w in _WEATHER.values()])[0]
    _, tint, zenith, horizon, lit, shadow_alpha = _TIMES[time]
    _, visibility, rain = _WEATHER[weather]
    grey = scaled((196, 201, 206), sum(tint) / 3)
    dull = {"clear": 0.0, "haze": 0.4, "fog": 0.85, "rain": 0.75}[weather]
    side = rng.choice((-1, 1))
    red, green, blue = (t * rng.uniform(0.94, 1.06) for t in tint)
    return Light(
        time=time,
        tint=(red, green, blue),
        zenith=mix(zenith, scaled(grey, 0.8), dull),
        horizon=mix(horizon, grey, dull),
        fog=mix(horizon, grey, 0.3 + 0.6 * dull),
        visibility=rng.uniform(*visibility),
        rain=rain,
        lit=lit,
        sun=(0.5 - side * rng.uniform(0.1, 0.45), rng.uniform(0.15, 0.8)),
        shadow=(side * rng.uniform(0.3, 1.1), rng.uniform(-0.7, 0.5)),
        shadow_alpha=round(shadow_alpha * (1 - 0.8 * dull)),
    )
