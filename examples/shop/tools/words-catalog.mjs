// The catalog of Fernhill, an invented shop for house and garden: what the seed generator builds products from.
//
// A leaf is a category that holds products. Every noun is made once in each of the leaf's two series, so a leaf with five
// nouns gives ten products. `versions` are the names of a product's variants; the price rises by `step` per version.

const leaf = (slug, name, tags, versions, step, series, nouns) => ({ slug, name, tags, versions, step, series, nouns });

export const departments = [
  {
    slug: 'kitchen', name: 'Kitchen', description: 'Tools that get better with use.',
    leaves: [
      leaf('knives', 'Knives', ['cooking', 'steel'], ['Right-handed', 'Left-handed'], 0, [
        ['Alder', 'Harrow & Pike', 'with a handle of oiled ash', 'ash, carbon steel'],
        ['Rook', 'Tidewell', 'with a handle of black paper laminate', 'stainless steel, paper laminate'],
      ], [
        ["Chef's Knife", 'An all-round blade with enough belly to rock through herbs', 78],
        ['Bread Knife', 'Deep scallops that start a crust without tearing the crumb', 62],
        ['Paring Knife', 'A short, stiff blade for work done in the hand', 29],
        ['Vegetable Cleaver', 'Tall and thin, for clean slices and for carrying them to the pan', 84],
        ['Boning Knife', 'A narrow blade with just enough flex to follow the bone', 55],
      ]),
      leaf('pans', 'Pots and pans', ['cooking', 'induction'], ['20 cm', '24 cm', '28 cm'], 16, [
        ['Forge', 'Ironbeck', 'in bare cast iron, seasoned twice with linseed oil', 'cast iron'],
        ['Clarion', 'Tidewell', 'in five-ply steel that answers quickly to the heat', 'clad stainless steel'],
      ], [
        ['Skillet', 'The pan that stays on the stove', 49],
        ['Sauté Pan', 'Straight sides and a lid, for what starts brown and ends in sauce', 72],
        ['Casserole', 'A heavy lid and two honest handles, from oven to table', 96],
        ['Saucepan', 'Pours from either side and measures on the inside', 58],
        ['Grill Pan', 'High ribs that leave marks, and a channel for the fat', 54],
      ]),
      leaf('baking', 'Baking', ['cooking', 'oven'], ['Small', 'Large'], 7, [
        ['Crumb', 'Saltbox', 'in aluminised steel that browns evenly', 'aluminised steel'],
        ['Hearth', 'Ironbeck', 'in unglazed stoneware', 'stoneware'],
      ], [
        ['Loaf Tin', 'Folded corners, so that nothing hides in a seam', 18],
        ['Tart Dish', 'Fluted at the edge and flat where it matters', 22],
        ['Baking Tray', 'Stiff enough not to twist when the oven is at its hottest', 21],
        ['Bundt Mould', 'Deep ridges that let go of the cake', 34],
        ['Pizza Plate', 'Heats slowly, holds it long and gives a crisp base', 38],
      ]),
      leaf('coffee', 'Coffee and tea', ['drinks', 'gift'], ['Two cups', 'Four cups', 'Eight cups'], 9, [
        ['Kettlewell', 'Tidewell', 'in brushed steel', 'stainless steel'],
        ['Mire', 'Claypit', 'in dark glazed stoneware', 'glazed stoneware'],
      ], [
        ['Teapot', 'A spout that does not drip and a strainer that lifts out', 42],
        ['Pour-over Dripper', 'A wide cone with ribs that keep the filter off the wall', 26],
        ['Coffee Press', 'A double mesh and a lid that turns shut', 46],
        ['Milk Jug', 'Small enough for one hand, with a lip made for pouring', 19],
        ['Storage Canister', 'A lid with a silicone ring keeps the aroma in', 28],
      ]),
    ],
  },
  {
    slug: 'table', name: 'Table', description: 'For every day, and for the days with guests.',
    leaves: [
      leaf('plates', 'Plates and bowls', ['stoneware', 'dishwasher-safe'], ['Chalk', 'Slate', 'Moss'], 0, [
        ['Dune', 'Claypit', 'with a matt glaze and a bare foot', 'stoneware'],
        ['Harbour', 'Saltbox', 'with a rim brushed by hand in cobalt', 'porcelain'],
      ], [
        ['Dinner Plate', 'Flat in the middle, with a low wall that keeps the sauce in', 18],
        ['Side Plate', 'For bread, cake and the second helping', 13],
        ['Soup Bowl', 'Deep and steady, warm in both hands', 16],
        ['Pasta Bowl', 'Wide enough to turn a fork in', 19],
        ['Serving Platter', 'Holds a roast with everything around it', 39],
      ]),
      leaf('glasses', 'Glasses', ['glass', 'dishwasher-safe'], ['Set of two', 'Set of six'], 24, [
        ['Brook', 'Lumen Works', 'blown from recycled glass, with a few bubbles to prove it', 'recycled glass'],
        ['Quarry', 'Northlight', 'pressed with broad facets', 'soda-lime glass'],
      ], [
        ['Tumbler', 'Sits low in the hand and stacks on its own kind', 14],
        ['Wine Glass', 'A short stem that survives long evenings', 22],
        ['Carafe', 'A litre of water, or a bottle of wine with room to breathe', 31],
        ['Highball', 'Tall and straight, for much ice and a straw', 16],
        ['Dessert Glass', 'A foot, a bowl, and whatever deserves to be looked at', 18],
      ]),
      leaf('cutlery', 'Cutlery', ['steel', 'dishwasher-safe'], ['Polished', 'Matt', 'Black'], 6, [
        ['Sedge', 'Harrow & Pike', 'in heavy 18/10 steel', '18/10 stainless steel'],
        ['Wicket', 'Saltbox', 'with slim handles and a long neck', '18/0 stainless steel'],
      ], [
        ['Fork, Set of Six', 'Four even tines and a balance that rests in the palm', 36],
        ['Knife, Set of Six', 'Serrated only as far as it needs to be', 44],
        ['Spoon, Set of Six', 'A deep bowl, for soup as well as for porridge', 36],
        ['Serving Spoon', 'Long enough to reach the bottom of the big bowl', 17],
        ['Cake Server', 'Thin at the front and stiff where the weight is', 19],
      ]),
      leaf('linen', 'Table linen', ['textile', 'linen'], ['Natural', 'Rust', 'Ink'], 0, [
        ['Flax', 'Loomfield', 'in stonewashed linen', 'linen'],
        ['Meadow', 'Loomfield', 'in organic cotton with a woven stripe', 'organic cotton'],
      ], [
        ['Tablecloth', 'Seats six and looks better unironed', 68],
        ['Napkins, Set of Four', 'Generous squares with mitred corners', 32],
        ['Table Runner', 'A strip of colour down the long side', 29],
        ['Tea Towel', 'Dries at once and hangs from its own loop', 12],
        ['Apron', 'Crossed straps, a deep pocket and no knot in the neck', 39],
      ]),
    ],
  },
  {
    slug: 'living', name: 'Living', description: 'Rooms to sit down in.',
    leaves: [
      leaf('lamps', 'Lamps', ['light', 'led'], ['Oak', 'Walnut'], 15, [
        ['Ember', 'Lumen Works', 'with a linen shade that glows instead of glaring', 'wood, linen'],
        ['Beacon', 'Northlight', 'with a head of spun aluminium', 'wood, aluminium'],
      ], [
        ['Table Lamp', 'Light where the book is, and not in the eyes', 89],
        ['Floor Lamp', 'A slender stand that finds room behind any sofa', 149],
        ['Pendant', 'Hangs low over a table and keeps faces lit', 119],
        ['Wall Light', 'Turns to the wall for mood, to the room for reading', 79],
        ['Bedside Lamp', 'Dims by a turn of the foot', 64],
      ]),
      leaf('cushions', 'Cushions and throws', ['textile', 'soft'], ['Oat', 'Clay', 'Pine'], 0, [
        ['Heath', 'Loomfield', 'in undyed lambswool', 'wool'],
        ['Linden', 'Saltbox', 'in heavy washed linen', 'linen'],
      ], [
        ['Cushion', 'Filled with feathers and closed by a hidden zip', 34],
        ['Bolster', 'A firm roll for the small of the back', 42],
        ['Throw', 'Long enough for two people and one film', 79],
        ['Floor Cushion', 'A flat, stuffed square that keeps its edges', 69],
        ['Blanket', 'Woven double, warm without weight', 98],
      ]),
      leaf('shelves', 'Shelves and storage', ['wood', 'storage'], ['Oak', 'Walnut', 'White'], 20, [
        ['Joist', 'Oakrow', 'in solid wood, with joints that need no screws', 'solid wood'],
        ['Ledger', 'Fernhill', 'in birch plywood with an oiled edge', 'birch plywood'],
      ], [
        ['Wall Shelf', 'Hidden brackets that carry thirty kilos', 48],
        ['Bookcase', 'Five boards at heights of your choosing', 229],
        ['Crate', 'Stacks, slides and has handles cut right through', 32],
        ['Sideboard', 'Two doors, three drawers and a hole for the cables', 389],
        ['Coat Rack', 'Five pegs, and a board for hats and post', 54],
      ]),
      leaf('candles', 'Candles and scent', ['gift', 'scent'], ['Cedar', 'Fig', 'Rain'], 0, [
        ['Lull', 'Lumen Works', 'poured from rapeseed wax', 'rapeseed wax'],
        ['Tarn', 'Claypit', 'in a vessel of bare clay that can be filled again', 'soy wax, clay'],
      ], [
        ['Scented Candle', 'Burns evenly for about fifty hours', 28],
        ['Pillar Candle', 'Thick enough to stand on its own', 16],
        ['Tealights, Box of Twelve', 'Small lights in cups that are collected and used again', 11],
        ['Reed Diffuser', 'Eight reeds and three months of a quiet scent', 32],
        ['Candle Holder', 'A wide saucer that catches every drip', 19],
      ]),
    ],
  },
  {
    slug: 'bath', name: 'Bath', description: 'The ten quietest minutes of the day.',
    leaves: [
      leaf('towels', 'Towels', ['textile', 'organic'], ['White', 'Sand', 'Lagoon', 'Graphite'], 0, [
        ['Cove', 'Loomfield', 'in thick organic cotton', 'organic cotton'],
        ['Drift', 'Saltbox', 'in a light waffle weave that dries overnight', 'cotton, linen'],
      ], [
        ['Guest Towel', 'The small one beside the basin', 9],
        ['Hand Towel', 'With a loop at the short side', 16],
        ['Bath Towel', 'Wraps around once and a half', 34],
        ['Bath Sheet', 'The one nobody gives back', 46],
        ['Bath Mat', 'Heavy enough to lie flat', 29],
      ]),
      leaf('care', 'Soap and care', ['vegan', 'gift'], ['Rosemary', 'Oat', 'Unscented'], 0, [
        ['Copse', 'Tidewell', 'with cold-pressed rapeseed oil', 'plant oils'],
        ['Still', 'Northlight', 'with oat milk and no perfume oil', 'plant oils, oat'],
      ], [
        ['Hand Soap', 'A pump bottle of glass, to be filled again', 14],
        ['Soap Bar', 'Cut by hand and cured for six weeks', 7],
        ['Body Oil', 'Goes in at once and leaves no stain', 24],
        ['Hand Cream', 'For gardeners, cooks and dry winters', 15],
        ['Bath Salt', 'Coarse crystals that take their time', 18],
      ]),
      leaf('fittings', 'Bathroom fittings', ['storage', 'metal'], ['Steel', 'Brass', 'Black'], 8, [
        ['Weir', 'Tidewell', 'turned from solid metal', 'solid metal'],
        ['Lantern', 'Harrow & Pike', 'with a base of river stone', 'metal, stone'],
      ], [
        ['Soap Dish', 'Drains to the side and comes apart for cleaning', 19],
        ['Toothbrush Cup', 'Wide at the bottom, so that it stays where it is', 16],
        ['Towel Rail', 'Two bars, far enough apart to let things dry', 59],
        ['Robe Hook', 'Holds a wet bathrobe without bending', 22],
        ['Mirror', 'Tilts both ways and stays there', 74],
      ]),
    ],
  },
  {
    slug: 'garden', name: 'Garden', description: 'For beds, balconies and window sills.',
    leaves: [
      leaf('tools', 'Garden tools', ['outdoor', 'steel'], ['Standard', 'Long handle'], 9, [
        ['Furrow', 'Ironbeck', 'forged from one piece, on an ash handle', 'forged steel, ash'],
        ['Sprig', 'Fernhill', 'in stainless steel, light in the wrist', 'stainless steel, beech'],
      ], [
        ['Trowel', 'A scale on the blade says how deep', 21],
        ['Hand Fork', 'Three tines that do not splay', 22],
        ['Hoe', 'Cuts on the push and on the pull', 44],
        ['Rake', 'Fourteen teeth and a straight back', 42],
        ['Weeder', 'Gets under the root and lifts it whole', 26],
      ]),
      leaf('pots', 'Pots and planters', ['outdoor', 'frost-proof'], ['16 cm', '24 cm', '36 cm'], 14, [
        ['Terra', 'Claypit', 'in coarse terracotta that breathes', 'terracotta'],
        ['Basin', 'Northlight', 'in recycled zinc, riveted at the seam', 'recycled zinc'],
      ], [
        ['Plant Pot', 'A hole below, a saucer beneath', 14],
        ['Window Box', 'Hooks included, for rails up to ten centimetres', 34],
        ['Herb Planter', 'Three rooms, so that the mint stays in its own', 29],
        ['Hanging Pot', 'Hangs level from three cords', 24],
        ['Water Reservoir', 'Feeds a pot for two weeks of holidays', 19],
      ]),
      leaf('watering', 'Watering', ['outdoor', 'garden'], ['Green', 'Zinc', 'Ochre'], 0, [
        ['Spate', 'Ironbeck', 'in galvanised steel', 'galvanised steel'],
        ['Rill', 'Fernhill', 'in recycled plastic that does not mind frost', 'recycled plastic'],
      ], [
        ['Watering Can', 'A long neck and a rose that lets rain fall', 38],
        ['Plant Mister', 'A fine, slow mist for ferns and orchids', 19],
        ['Hose Reel', 'Winds itself up without a fight', 79],
        ['Rain Gauge', 'Read from the window, to the millimetre', 17],
        ['Bucket', 'Marked in litres, with a handle that does not cut', 24],
      ]),
      leaf('birds', 'Birds and insects', ['outdoor', 'gift'], ['Natural', 'Green', 'Slate'], 0, [
        ['Thicket', 'Oakrow', 'in larch that greys with the years', 'larch'],
        ['Nook', 'Fernhill', 'in wood concrete, as warm as a hollow tree', 'wood concrete'],
      ], [
        ['Nest Box', 'Opens at the front for the autumn clean', 32],
        ['Bird Feeder', 'Keeps seed dry and squirrels guessing', 36],
        ['Bee Hotel', 'Smooth bores in the widths that wild bees look for', 44],
        ['Bird Bath', 'Shallow at the rim and rough underfoot', 48],
        ['Butterfly House', 'Narrow slits, a dry back wall and a perch', 34],
      ]),
    ],
  },
  {
    slug: 'desk', name: 'Desk', description: 'Paper, wood and order.',
    leaves: [
      leaf('notebooks', 'Notebooks', ['paper', 'gift'], ['Plain', 'Ruled', 'Dotted'], 0, [
        ['Folio', 'Ledgerline', 'bound in cloth and opening flat', 'paper, cloth'],
        ['Margin', 'Ledgerline', 'bound in grey board with a red spine', 'recycled paper'],
      ], [
        ['Notebook A5', 'Paper that takes ink and does not show it overleaf', 16],
        ['Notebook A4', 'Room for a drawing and the words beside it', 22],
        ['Pocket Book', 'Goes where the phone goes', 9],
        ['Weekly Planner', 'A week to a page, without dates to waste', 24],
        ['Sketch Pad', 'Heavy sheets that come off cleanly', 18],
      ]),
      leaf('writing', 'Writing', ['paper', 'metal'], ['Fine', 'Medium', 'Broad'], 0, [
        ['Scribe', 'Harrow & Pike', 'in brass that darkens with use', 'brass'],
        ['Vale', 'Northlight', 'in aluminium with a knurled grip', 'aluminium'],
      ], [
        ['Fountain Pen', 'A steel nib that needs no breaking in', 54],
        ['Ballpoint Pen', 'A click one can live with', 28],
        ['Mechanical Pencil', 'Feeds the lead as you write', 32],
        ['Rollerball', 'Writes as soon as it touches', 38],
        ['Fineliner', 'A tip held in metal, with refills for years', 19],
      ]),
      leaf('order', 'Desk order', ['wood', 'storage'], ['Oak', 'Walnut', 'Black'], 6, [
        ['Bureau', 'Oakrow', 'cut from offcuts of the furniture shop', 'solid wood'],
        ['Index', 'Fernhill', 'in folded, powder-coated steel', 'steel'],
      ], [
        ['Pen Tray', 'One groove for the pen, one for all the rest', 24],
        ['Letter Tray', 'Stacks at a slant, so that one sees what is in it', 29],
        ['Monitor Stand', 'Lifts the screen to the eyes and hides a keyboard', 69],
        ['Book Ends', 'A pair that does not slide', 34],
        ['Cable Box', 'Swallows a power strip and its tangle', 39],
      ]),
    ],
  },
  {
    slug: 'travel', name: 'Travel', description: 'Bags and what goes in them.',
    leaves: [
      leaf('bags', 'Bags', ['outdoor', 'canvas'], ['Olive', 'Navy', 'Black'], 0, [
        ['Drover', 'Kestrel & Sons', 'in waxed canvas with bridle leather', 'waxed canvas, leather'],
        ['Commons', 'Fernhill', 'in recycled sailcloth', 'recycled polyester'],
      ], [
        ['Backpack', 'A padded back, and one pocket only you will find', 129],
        ['Weekender', 'Fits under a seat with three days of clothes', 149],
        ['Tote', 'Carries groceries all week and a laptop on Monday', 59],
        ['Hip Bag', 'Both hands free, and the tickets at hand', 44],
        ['Washbag', 'Stands open and wipes clean', 36],
      ]),
      leaf('bottles', 'Bottles and boxes', ['outdoor', 'steel'], ['0.5 l', '0.75 l', '1 l'], 5, [
        ['Rove', 'Tidewell', 'in double-walled steel', 'stainless steel'],
        ['Larder', 'Kestrel & Sons', 'with a lid of beech', 'stainless steel, beech'],
      ], [
        ['Water Bottle', 'Ice in the morning, cold water at night', 29],
        ['Vacuum Flask', 'Hot tea for a day on the hill', 36],
        ['Lunch Box', 'A divider that can be moved, and a seal that holds soup', 31],
        ['Travel Mug', 'Drinks from any side and locks for the bag', 27],
        ['Food Jar', 'A wide mouth, and a spoon in the lid', 33],
      ]),
      leaf('camp', 'Camp', ['outdoor', 'canvas'], ['Single', 'Double'], 28, [
        ['Bracken', 'Kestrel & Sons', 'in cotton canvas that breathes', 'cotton canvas'],
        ['Tor', 'Northlight', 'in light ripstop', 'ripstop nylon'],
      ], [
        ['Hammock', 'Hung in a minute between any two trees', 58],
        ['Picnic Blanket', 'Dry below and soft above', 49],
        ['Camp Pillow', 'Rolls up to the size of a fist', 26],
        ['Tarp', 'Eight eyelets and reflective guy lines', 72],
        ['Camp Chair', 'Folds flat and forgives uneven ground', 84],
      ]),
      leaf('umbrellas', 'Rain', ['outdoor', 'rain'], ['Charcoal', 'Moss', 'Yellow'], 0, [
        ['Squall', 'Kestrel & Sons', 'with ribs of glass fibre', 'recycled polyester, glass fibre'],
        ['Mizzle', 'Fernhill', 'with a handle of cherry wood', 'recycled polyester, cherry'],
      ], [
        ['Umbrella', 'Turns inside out and back without harm', 49],
        ['Pocket Umbrella', 'As short as a hand and as wide as two shoulders', 38],
        ['Rain Cape', 'Covers rider and handlebars', 79],
        ['Rain Hat', 'A brim that keeps glasses dry', 34],
        ['Bag Cover', 'Bright, tight and folded into its own pouch', 19],
      ]),
    ],
  },
  {
    slug: 'children', name: 'Children', description: 'Made to be handed down.',
    leaves: [
      leaf('toys', 'Wooden toys', ['wood', 'gift'], ['Natural', 'Painted'], 4, [
        ['Acorn', 'Oakrow', 'in beech, finished with beeswax', 'beech'],
        ['Pip', 'Fernhill', 'in lime wood from managed forests', 'lime wood'],
      ], [
        ['Building Blocks', 'Fifty pieces in twelve shapes, and a bag for all of them', 39],
        ['Pull-along Duck', 'Waddles as it follows', 24],
        ['Marble Run', 'Eleven tracks that fit in any order', 49],
        ['Stacking Rings', 'Seven rings and one right order, or none', 21],
        ['Train Set', 'An engine, three wagons and a circle of track', 54],
      ]),
      leaf('rooms', "Children's room", ['textile', 'organic'], ['Clouds', 'Foxes', 'Stripes'], 0, [
        ['Burrow', 'Loomfield', 'in soft organic muslin', 'organic cotton'],
        ['Wren', 'Saltbox', 'in brushed cotton', 'cotton'],
      ], [
        ['Duvet Set', 'Buttons at the foot, where small hands do not reach', 49],
        ['Play Mat', 'Padded, quilted and washable', 64],
        ['Toy Basket', 'Stands open and folds flat', 32],
        ['Night Light', 'Glows for an hour and fades away', 36],
        ['Wall Banner', 'Pockets for treasures at three heights', 27],
      ]),
      leaf('craft', 'Craft', ['paper', 'gift'], ['Starter', 'Full'], 15, [
        ['Magpie', 'Ledgerline', 'with templates for thirty projects', 'paper, wood'],
        ['Inkling', 'Ledgerline', 'in water-based colours that wash out', 'mixed'],
      ], [
        ['Paint Box', 'Pans that can be bought again one by one', 19],
        ['Weaving Loom', 'A frame, two shuttles and wool to begin with', 34],
        ['Stamp Set', 'Letters, leaves and a fox', 22],
        ['Paper Kit', 'Folded animals that stand by themselves', 16],
        ['Modelling Clay', 'Dries in the air, without an oven', 14],
      ]),
      leaf('books', 'Picture books', ['paper', 'gift'], ['Hardcover'], 0, [
        ['The Little Hill', 'Ledgerline', 'printed on heavy, uncoated paper', 'paper'],
        ['The Night Garden Path', 'Ledgerline', 'printed in four special colours', 'paper'],
      ], [
        ['Picture Book', 'A story for the last ten minutes of the day', 17],
        ['Sticker Book', 'Two hundred stickers and eight empty landscapes', 12],
        ['Colouring Book', 'Perforated, so that it can hang on the wall', 11],
        ['Board Book', 'Thick pages with rounded corners', 10],
        ['Song Book', 'Forty songs with chords for the guitar', 22],
      ]),
    ],
  },
];

export const collections = [
  ['first-flat', 'First flat', 'What one needs in the first week, and still uses in the tenth year.', true, '2025-09-01'],
  ['under-twenty', 'Gifts under twenty', 'Small things, wrapped quickly.', true, '2025-11-01'],
  ['balcony-season', 'Balcony season', 'Four square metres are enough.', true, '2026-04-01'],
  ['slow-morning', 'Slow morning', 'Coffee, linen and nothing urgent.', true, '2026-01-15'],
  ['out-in-the-rain', 'Out in the rain', 'There is no bad weather.', true, null],
  ['winter-table', 'Winter table', 'In preparation: opens with the first frost.', false, '2026-12-01'],
];
