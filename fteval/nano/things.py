"""What there is in nano's world: things with kinds, parts, habits and places.

Each list holds phrases with and without the letter e, so that every thing, also a horse or a tree, can be described
at length without that letter ("It is a big animal with a long tail."). The test counts those descriptions.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    kinds: tuple[str, ...]
    """Nouns without article: "a dog is an *animal*"."""
    looks: tuple[str, ...]
    """Adjectives."""
    parts: tuple[str, ...]
    """Noun phrases that may follow "has" or "with"."""
    habits: tuple[str, ...]
    """Verb phrases, third person singular."""
    places: tuple[str, ...]
    """With preposition: "on a farm"."""
    countable: bool = True
    """False for gravity and bread, which take no article and are not told stories about."""


def _thing(name: str, kinds: str, looks: str, parts: str, habits: str, places: str, *, countable: bool = True) -> Thing:
    kinds_, looks_, parts_, habits_, places_ = (
        tuple(text.split(", ")) for text in (kinds, looks, parts, habits, places)
    )
    return Thing(name, kinds_, looks_, parts_, habits_, places_, countable)


THINGS: tuple[Thing, ...] = (
    _thing(
        "dog",
        "animal, family animal, loyal companion, pet",
        "loyal, playful, smart, fast, strong, gentle, clever, friendly",
        "a wagging tail, soft fur, sharp claws, a long snout, four legs, a wet nose, floppy ears, strong teeth",
        "barks at night, runs fast, plays with a ball, guards a family, digs in mud, chases the cat, "
        "sleeps by the fire, buries bones in the garden",
        "on a farm, in a yard, in many homes, near the gate",
    ),
    _thing(
        "cat",
        "animal, small animal, pet, hunter of mice",
        "calm, proud, shy, quick, soft, gentle, sleepy, clean",
        "soft fur, a thin tail, sharp claws, long whiskers, green eyes, pointed ears, a pink nose, quiet feet",
        "naps in warm spots, hunts rats, licks its paws, climbs high walls, purrs on a lap, drinks milk from a dish, "
        "chases mice, sleeps all afternoon",
        "on a sofa, in a barn, on the roof, in a warm kitchen",
    ),
    _thing(
        "horse",
        "animal, big animal, farm animal, noble beast",
        "strong, fast, proud, big, gentle, brave, noble, tame",
        "a long tail, strong limbs, a big body, hard hoofs, a long mane, four legs, large eyes, a smooth coat",
        "trots uphill, runs fast, pulls a cart, grazes on grass, jumps high, sleeps while it stands, "
        "carries a rider, eats fresh hay",
        "on a farm, in a barn, in a green field, at the races",
    ),
    _thing(
        "bird",
        "animal, small animal, singing animal, feathered creature",
        "small, quick, light, loud, shy, free, pretty, restless",
        "two wings, a hard bill, thin limbs, a short tail, light bones, bright feathers, round eyes, tiny feet",
        "sings at dawn, flaps its wings, hunts for bugs, flits from branch to branch, builds a nest, lays eggs, "
        "flies over the trees, eats seeds and berries",
        "in a park, in a forest, up in the sky, in a garden",
    ),
    _thing(
        "fish",
        "animal, wild animal, swimming animal, water creature",
        "cold, slim, quick, slick, shy, silver, silent, wet",
        "thin fins, hard gills, a strong tail, shiny skin, silver scales, round eyes, small teeth, a slim shape",
        "swims in a pond, hunts small bugs, hops out of a brook, hangs still in cool spots, breathes under water, "
        "hides between stones, lays many eggs, eats water plants",
        "in a pond, in a bay, in the sea, in a lake",
    ),
    _thing(
        "owl",
        "animal, night animal, hunting bird, bird of prey",
        "quiet, calm, wild, odd, wise, patient, strange, feathered",
        "big wings, sharp claws, a flat chin, a sharp bill, large eyes, soft feathers, keen ears, a round face",
        "hunts at night, hoots in dark woods, sits on a branch all day, flaps its wings, sees well in the dark, "
        "catches mice, turns its head far around, sleeps in a hollow tree",
        "in a barn, in dark woods, in an old tree, near the edge of a forest",
    ),
    _thing(
        "elephant",
        "animal, big animal, wild animal, gray giant of the plains",
        "big, gray, strong, calm, slow, heavy, gentle, huge",
        "a long trunk, two tusks, thick skin, a thin tail, large ears, heavy feet, four thick legs, wrinkled knees",
        "walks for days, drinks a lot, sprays dust on its back, lifts big logs, never forgets a path, "
        "eats leaves and grass, lives in a herd, bathes in the river",
        "in a zoo, on a dry plain, in the savanna, near a water hole",
    ),
    _thing(
        "whale",
        "animal, big animal, giant of cold bays, sea animal",
        "big, calm, gray, slow, huge, gentle, heavy, peaceful",
        "a broad tail, thick skin, a vast body, long fins, small eyes, a blowhole, a deep voice, a huge mouth",
        "swims far, sings long songs, jumps high and falls with a splash, dips down for food, "
        "breathes air, feeds on tiny shrimp, dives deep, travels across the ocean",
        "off a rocky coast, in a cold bay, in the ocean, near the ice",
    ),
    _thing(
        "bee",
        "bug, small bug, busy insect, flying insect",
        "small, busy, loud, quick, striped, useful, gentle, tireless",
        "two pairs of wings, thin limbs, a sharp sting, a furry body, yellow stripes, six legs, five eyes, light wings",
        "hums all day, sips from buds, works from dawn to dusk, flits from blossom to blossom, makes honey, "
        "lives in a hive, guards the queen, collects nectar",
        "in a warm orchard, on a blossom, in a hive, in a flower bed",
    ),
    _thing(
        "car",
        "motor craft, big machine, kind of transport, vehicle",
        "fast, loud, shiny, costly, modern, expensive, heavy, sleek",
        "a strong motor, four doors, a loud horn, soft cushions, four wheels, glass windows, bright headlights, "
        "a steel frame",
        "runs on gas, zips through town, stops at a light, honks in traffic, carries people, needs fuel, "
        "drives on the highway, speeds past the trees",
        "in a parking lot, on a busy road, in a garage, on the street",
    ),
    _thing(
        "ship",
        "big boat, kind of transport, sailing craft, vessel",
        "big, strong, old, grand, proud, large, seaworthy, white",
        "a long hull, tall masts, a big cabin, strong ropes, a heavy anchor, white sails, many decks, a brave crew",
        "sails to far lands, visits ports, rolls in a storm, sinks if it hits a rock, carries cargo, "
        "crosses the ocean, rests in the harbor, brings people home",
        "in port, in a calm bay, at sea, in the harbor",
    ),
    _thing(
        "train",
        "kind of transport, long row of cars, fast machine, means of travel",
        "long, fast, loud, strong, heavy, reliable, noisy, modern",
        "a strong motor, many cars, a loud horn, long rows of chairs, steel wheels, wide doors, many seats, "
        "large windows",
        "runs on rails, stops in many towns, blows its horn, hauls coal, carries people, leaves on time, "
        "passes through tunnels, crosses the country",
        "at a station, on its track, near the depot, on the bridge",
    ),
    _thing(
        "clock",
        "tool, common tool, timepiece, instrument",
        "old, loud, round, slim, precise, simple, tiny, antique",
        "two hands, a round dial, a shiny rim, a thin chain, many gears, a white face, twelve numbers, a steel spring",
        "ticks all day, hangs on a wall, rings at noon, warns us not to wait, shows the time, tells the hour, "
        "wakes people up, never rests",
        "on a wall, in a hall, on the tower, in the kitchen",
    ),
    _thing(
        "lamp",
        "tool, handy tool, source of light, device",
        "bright, warm, small, shiny, simple, modern, tall, clever",
        "a glass bulb, a long cord, a brass stand, a thin rod, a metal base, a paper shade, a switch on the side, "
        "a bent neck",
        "glows at night, warms a room, stands on a floor, turns on with a click, gives light, helps you read, "
        "shines on the desk, keeps the dark away",
        "in a hall, on a stand, on the desk, next to the bed",
    ),
    _thing(
        "umbrella",
        "tool, rain tool, useful object, cover",
        "handy, light, dry, foldable, black, useful, cheap, simple",
        "a long rod, thin cloth, a curving grip, a sharp tip, a wooden handle, a metal frame, eight ribs, a bent end",
        "blocks rain, folds up small, drips in a hall, flips in strong wind, keeps you dry, opens with a click, "
        "gives shade in summer, turns over in the wind",
        "in a hall, on a hook, near the door, in the closet",
    ),
    _thing(
        "violin",
        "musical tool, work of art, instrument, wooden object",
        "small, light, brown, costly, delicate, famous, old, graceful",
        "four strings, a thin bow, a slim body, a curving top, a wooden neck, a bridge, a chin rest, a sweet voice",
        "sings high and low, calms a crowd, sits in a soft bag, cracks if it falls, makes sweet music, "
        "plays in an orchestra, needs a careful hand, rests in its case",
        "in a music hall, in a band, on the stage, in a concert",
    ),
    _thing(
        "book",
        "work of writing, handy tool, source of facts, gift for a reader",
        "long, thick, old, funny, rare, serious, heavy, clever",
        "many paragraphs, strong binding, black ink, an introduction, many pages, a leather cover, "
        "a table of contents, "
        "a clear title",
        "holds facts, sits in a library, brings joy to many, stirs our minds, tells a story, teaches children, "
        "rests on the shelf, lets you travel without leaving home",
        "in a library, in a shop, on the shelf, next to the bed",
    ),
    _thing(
        "river",
        "long ribbon of rain and snow, natural path for boats, stream, body of fresh water",
        "long, cool, winding, calm, wide, deep, clear, gentle",
        "muddy banks, smooth rocks, many fish, a rocky bottom, clear water, deep pools, green edges, swift streams",
        "runs to a bay, floods in spring, winds through hills, turns a mill, flows to the sea, carries boats, "
        "gives water to the fields, freezes in winter",
        "in a canyon, at the foot of a hill, in the valley, near the old mill",
    ),
    _thing(
        "forest",
        "big wood, spot full of plants, wild place, home of many animals",
        "dark, cool, vast, quiet, green, deep, wild, peaceful",
        "tall oaks, thick moss, narrow paths, many birds, tall trees, green leaves, deep shade, secret places",
        "hosts many animals, grows for a long span, cools our air, turns gold in autumn, hides the deer, gives wood, "
        "shelters the birds, keeps its secrets",
        "in a valley, on a hill, near the village, behind the fields",
    ),
    _thing(
        "city",
        "big town, busy spot, center of trade, place full of people",
        "big, loud, busy, bright, crowded, huge, modern, restless",
        "busy roads, tall buildings, many shops, loud traffic, high towers, crowded streets, a large market, "
        "a great library",
        "grows fast, draws many visitors, shows its lights at night, costs a lot, never sleeps, offers work, "
        "welcomes travelers, feeds many people",
        "on a bay, on a plain, near the coast, by the river",
    ),
    _thing(
        "castle",
        "strong building, grand building, stone fort, royal home",
        "old, grand, strong, cold, huge, famous, ancient, lonely",
        "thick walls, a grand hall, dark vaults, strong iron bars, high towers, a deep moat, stone stairs, "
        "secret doors",
        "stands on a hill, guards a town, draws many visitors, crowns a crag, keeps enemies out, shelters the king, "
        "hides a treasure, tells of the past",
        "on a hill, on a crag, near the lake, above the village",
    ),
    _thing(
        "bridge",
        "strong building, long road in midair, structure, path over the water",
        "long, strong, high, solid, narrow, famous, wide, stone-built",
        "a long span, strong columns, a high rail, iron parts, steel cables, stone arches, wide lanes, deep supports",
        "joins two towns, spans a canyon, sways in strong winds, holds up big trucks, crosses the river, "
        "carries trains, saves a long detour, stands for centuries",
        "in a canyon, at a harbor, over the river, near the city gate",
    ),
    _thing(
        "apple",
        "food, fruit, crisp fruit, healthy snack",
        "crisp, round, juicy, tasty, red, sweet, fresh, ripe",
        "thin skin, juicy pulp, a short stalk, a shiny coat, sweet flesh, small seeds, a hard core, a green leaf",
        "grows in an orchard, falls in autumn, hangs from a twig, adds crunch to a salad, stays fresh for days, "
        "tastes sweet, feeds the worms, goes well with cheese",
        "in an orchard, in a fruit bowl, on the tree, at the market",
    ),
    _thing(
        "onion",
        "food, root plant, vegetable, bulb with a strong smell",
        "round, sharp, strong, cheap, white, fresh, useful, yellow",
        "thin skin, a sharp tang, many rings, a dry coat, many layers, a strong smell, green shoots, white flesh",
        "grows in dry soil, adds tang to a soup, fills our sight with drops, turns soft in a hot pan, makes you weep, "
        "stays fresh for weeks, tastes sweet when fried, grows under the ground",
        "in a soup, in a big bag, in the kitchen, at the market",
    ),
    _thing(
        "bread",
        "basic food, daily food, baked food, simple meal",
        "soft, warm, crusty, common, fresh, white, cheap, tasty",
        "a firm crust, a soft mid-part, a warm aroma, a brown top, a warm smell, tender crumbs, many seeds, "
        "a sweet taste",
        "fills a hungry man, soaks up soup, starts as dough, turns moldy in days, rises in the oven, feeds the poor, "
        "tastes best with butter, gets hard in a week",
        "in a shop, in a bag, on the table, at the bakery",
        countable=False,
    ),
    _thing(
        "tree",
        "plant, tall plant, woody plant, home for birds",
        "tall, strong, old, grand, green, huge, ancient, leafy",
        "a thick trunk, long roots, rough bark, many twigs, green leaves, wide branches, sweet fruit, deep roots",
        "grows for a long span, drops fruit in autumn, bows in strong wind, hosts many birds, gives shade, "
        "loses its leaves in winter, cleans the air, shelters squirrels",
        "in a park, on a hill, in the garden, near the river",
    ),
    _thing(
        "storm",
        "wild wind, kind of bad day, event in the sky, force of nature",
        "loud, wild, dark, strong, violent, fierce, sudden, severe",
        "dark clouds, strong winds, loud booms, a lot of rain, bright flashes, heavy rain, fierce gusts, cold hail",
        "floods roads, blows down huts, passes by morning, turns day into night, starts with a rumbling sound, "
        "breaks trees, "
        "shakes the windows, wrecks ships",
        "on a bay, in autumn, over the sea, above the hills",
    ),
    _thing(
        "gravity",
        "natural pull, kind of pull, force, law of nature",
        "constant, strong, natural, vital, invisible, universal, silent, steady",
        "no color, no sound, no limit, vast influence, no smell, a long reach, no weight of its own, endless patience",
        "pulls things down, holds a moon in orbit, brings rain to ground, acts on all things, keeps us on the earth, "
        "makes apples fall, bends the path of light, shapes the stars",
        "all around us, in all things, on every planet, between the stars",
        countable=False,
    ),
)
