// People, places and opinions for the seed: all of them invented.

export const firstNames = (
  'Ada Amir Anja Arne Asha Beatriz Benno Carla Chidi Clara Dario Edda Elif Emil Enzo Esther Farid Fenna Gita Greta Hana Henrik ' +
  'Ida Ilse Imran Ines Jakob Jana Joost Juno Kaja Karim Klaus Lara Leif Lena Linh Luca Mads Maren Marta Milo Mina Nadia Nils Noor ' +
  'Olga Oskar Paula Pavel Petra Quentin Rania Remi Rosa Ruben Sanna Selim Signe Sofia Tariq Tessa Theo Tove Ugo Ursula Vera Viktor ' +
  'Wanda Willem Yara Yusuf Zofia'
).split(' ');

export const lastNames = (
  "Abara Almeida Andersen Bakker Bauer Becker Berg Bianchi Brandt Carvalho Claes Conti d'Arco Dahl Demir Dubois Ekström Eriksen " +
  "Faure Ferrari Fischer Fontaine García Gruber Haddad Hansen Hofer Huber Iversen Jansen Jensen Kaya Keller Khan Kowalska Kraus " +
  "Lambert Larsen Leclerc Lindqvist López Maes Martin Meyer Moreau Moretti Müller Nagy Nguyen Nilsson Novak O'Brien Okafor Olsen " +
  "Pereira Petit Pichler Ricci Romano Rossi Sato Schmidt Silva Smit Sørensen Steiner Svoboda Tanaka Urban Vermeulen Visser Vogel " +
  "Wagner Weber Winkler Wójcik Yilmaz Ziegler"
).split(' ');

/** Country code, dialling code, postal code pattern (# is a digit, A a letter), cities, streets. */
export const places = [
  ['DE', '+49', '#####', ['Berlin', 'Hamburg', 'Leipzig', 'Köln', 'Freiburg'], ['Lindenstraße', 'Am Markt', 'Gartenweg', 'Schillerstraße', 'Hafenstraße']],
  ['AT', '+43', '####', ['Wien', 'Graz', 'Linz', 'Innsbruck'], ['Hauptstraße', 'Mariengasse', 'Am Graben', 'Bergweg']],
  ['FR', '+33', '#####', ['Lyon', 'Nantes', 'Lille', 'Rennes'], ['rue des Lilas', 'rue du Moulin', 'avenue de la Gare', 'quai Saint-Jean']],
  ['NL', '+31', '#### AA', ['Utrecht', 'Haarlem', 'Groningen', 'Delft'], ['Kerkstraat', 'Molenweg', 'Oudegracht', 'Stationsplein']],
  ['DK', '+45', '####', ['København', 'Aarhus', 'Odense'], ['Nørregade', 'Skovvej', 'Havnegade']],
  ['IT', '+39', '#####', ['Torino', 'Bologna', 'Verona'], ['via Roma', 'via dei Mille', 'corso Italia']],
  ['ES', '+34', '#####', ['Valencia', 'Bilbao', 'Granada'], ['calle Mayor', 'calle del Río', 'plaza Nueva']],
  ['IE', '+353', 'A## A#A#', ['Dublin', 'Cork', 'Galway'], ['Mill Road', "O'Connell Street", 'Quay Lane']],
];

export const suppliers = ['Nordhafen Trading', 'Atelier Collective', 'Mittelgebirge Crafts', 'Porto Ceramics Union', 'Baltic Timber Goods', 'Three Rivers Metal'];

export const careNotes = [
  'Wipe with a damp cloth and let it dry in the air.',
  'Comes in a box of recycled card, without plastic.',
  'Spare parts can be ordered for at least ten years.',
  'Made in small runs; slight differences belong to it.',
  'Designed in our workshop and tested by the people who pack it.',
  'If it breaks within the warranty we repair it, and replace it only when we cannot.',
];

export const delivery = ['Please leave it with the neighbour.', 'Ring twice.', 'It is a present: no invoice in the parcel, please.', 'Side door, next to the bicycle rack.'];

/** Per rating: titles, first sentences and second sentences; {noun} is the product's noun in small letters. */
export const opinions = {
  5: {
    titles: ['Would buy again', 'Exactly right', 'A small joy', 'Better than expected', 'For life', 'Bought a second one'],
    first: ['This {noun} does what it says and looks good doing it.', 'I have used the {noun} every day for a month.', 'Lovely to hold, and well thought out.', 'You can tell that someone cared about the details.', 'It replaced one from a much dearer brand.'],
    second: ['Not a mark on it.', 'My sister has ordered one as well.', 'It arrived two days later, packed without any plastic.', 'I would not know what to improve.', 'The photographs do not do it justice.'],
  },
  4: {
    titles: ['Very good', 'Nearly perfect', 'Happy with it', 'Good value', 'Solid'],
    first: ['A very good {noun} for the money.', 'Well made, and heavier than I thought.', 'Does its job without fuss.', 'The finish is excellent.'],
    second: ['One star less because the colour is a little darker than on the page.', 'I would have liked a longer manual.', 'Delivery took a week.', 'It needed a wash before the first use.'],
  },
  3: {
    titles: ['It is all right', 'Mixed feelings', 'Fine, not more', 'Middling'],
    first: ['The {noun} is fine, but I expected a little more.', 'Good idea, average execution.', 'It works, but it feels lighter than it looks.'],
    second: ['For the price it is acceptable.', 'The lid, the edge, the seam: something is always slightly off.', 'I will keep it, but I would not give it away as a present.'],
  },
  2: {
    titles: ['Disappointing', 'Not for me', 'Too small'],
    first: ['The {noun} is smaller than I had imagined.', 'After three weeks it shows its age.', 'It looked better in the pictures.'],
    second: ['The service was friendly and took it back.', 'I have gone back to my old one.'],
  },
  1: {
    titles: ['Broken on arrival', 'Sent back', 'No'],
    first: ['The {noun} arrived with a crack.', 'It did not survive the first week.'],
    second: ['The replacement is on its way, so I may change this.', 'A pity, because it looks nice.'],
  },
};
