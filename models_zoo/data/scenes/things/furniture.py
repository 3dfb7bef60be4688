"""Street furniture: lamp posts, traffic lights, signs, fences."""

from __future__ import annotations

from models_zoo.data.scenes.camera import Frame
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import FENCE, POLE, SIGN
from models_zoo.data.scenes.light import Colour, paint, scaled
from models_zoo.data.scenes.things.thing import Thing

METAL: Colour = (92, 96, 102)


def lamp_paint(canvas: Canvas, thing: Thing) -> None:
    """A lamp post with an arm over the road, or a mast with traffic lights."""
    rng = thing.dice()
    frame, scale = Frame(canvas.camera, thing.x, thing.z), canvas.camera.scale(thing.z)
    colour = scaled(METAL, rng.uniform(0.5, 1.3))
    canvas.begin(POLE, thing.z)
    canvas.line(frame.points((0, 0), (0, thing.height)), colour, scale * 0.13)
    canvas.polygon(frame.quad(-0.12, 0, 0.12, 0.7), colour)
    if thing.length > 0.5:
        side = -1 if thing.x > 0 else 1
        tip = frame.point(side * 1.4, thing.height + 0.15)
        canvas.line([frame.point(0, thing.height), tip], colour, scale * 0.09)
        head = frame.quad(side * 1.0, thing.height, side * 1.7, thing.height + 0.2)
        glow = canvas.light.lit > 0.2
        if glow:
            for radius, alpha in ((0.9, 40), (0.45, 80)):
                halo = frame.disc(side * 1.35, thing.height + 0.1, radius)
                canvas.glaze(halo, (255, 226, 160), alpha)
        canvas.polygon(head, (255, 236, 180) if glow else scaled(colour, 0.8), glow=glow)
        return
    canvas.polygon(frame.quad(-0.22, thing.height - 1.1, 0.22, thing.height), (36, 38, 40))
    lights = ((226, 52, 44), (240, 190, 60), (70, 200, 110))
    for k in range(3):
        on = k == thing.seed % 3
        lens = frame.disc(0, thing.height - 0.2 - 0.35 * k, 0.13)
        canvas.detail(lens, lights[k] if on else (64, 60, 56), glow=on)


def sign_paint(canvas: Canvas, thing: Thing) -> None:
    """A traffic sign or board on its post; a hidden one has the colour of what is behind."""
    rng = thing.dice()
    frame, scale = Frame(canvas.camera, thing.x, thing.z), canvas.camera.scale(thing.z)
    top, half = thing.height, thing.length / 2
    plate, mark = paint(rng), paint(rng)
    if thing.hidden:
        wall = canvas.behind(frame.quad(-half, top - 2 * half, half, top))
        if wall is not None:
            # What `behind` sees is lit already, and painting lights it once more.
            plate = scaled(canvas.light.off(wall), rng.choice((0.9, 1.1)))
            mark = scaled(plate, 0.86)
    canvas.begin(POLE, thing.z)
    canvas.line(frame.points((0, 0), (0, top - half)), METAL, scale * 0.08)
    canvas.begin(SIGN, thing.z)
    v, shape = top - half, rng.choice(("disc", "disc", "triangle", "square", "board"))
    if shape == "board":
        canvas.polygon(frame.quad(-half * 1.7, v - half * 0.7, half * 1.7, v + half), plate)
        for k in range(2):
            row = frame.quad(
                -half * 1.4,
                v - half * 0.3 + k * half * 0.65,
                half * rng.uniform(0, 1.3),
                v + k * half * 0.65,
            )
            canvas.detail(row, mark)
        return
    corners = {
        "disc": frame.disc(0, v, half),
        "triangle": frame.points((-half, v - half * 0.8), (half, v - half * 0.8), (0, v + half)),
        "square": frame.quad(-half * 0.85, v - half * 0.85, half * 0.85, v + half * 0.85),
    }[shape]
    canvas.polygon(corners, mark)
    inner = [
        (frame.point(0, v)[0] * 0.25 + x * 0.75, frame.point(0, v)[1] * 0.25 + y * 0.75)
        for x, y in corners
    ]
    canvas.detail(inner, plate)
    canvas.detail(frame.quad(-half * 0.4, v - half * 0.12, half * 0.4, v + half * 0.12), mark)


def fence_paint(canvas: Canvas, thing: Thing) -> None:
    """Posts, rails and bars along the heading, seen through; `length` metres from (x, z) on."""
    rng = thing.dice()
    frame = Frame(canvas.camera, thing.x, thing.z, *thing.heading)
    canvas.begin(FENCE, thing.z)
    colour = scaled(paint(rng), rng.uniform(0.6, 1.0))
    bar, height = rng.choice((0.25, 0.5, 1.5)), thing.height
    rails = (height, height * 0.18) if bar < 1 else (height, height * 0.6, height * 0.25)
    for v in rails:
        canvas.polygon(frame.quad(0, v - 0.03, thing.length, v + 0.03), colour)
        # A line too, never thinner than a pixel: far rails would vanish.
        canvas.line(frame.points((0, v), (thing.length, v)), colour, 0)
    u = 0.0
    while u < thing.length:
        scale = canvas.camera.scale(frame.z + frame.dz * u)
        if scale * bar < 4:  # bars closer than two pixels are one grey veil: leave the posts
            if scale * 3 < 4:
                break
            bar = 3.0
        post = u % 3.0 < bar / 2
        upright = frame.points((u, 0), (u, height * (1.06 if post else 1)))
        canvas.line(upright, colour, scale * (0.09 if post else 0.03))
        u += bar
